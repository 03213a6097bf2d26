-- Whoever asks by name alone: is there one of this name from before, and whose stream is it.
CREATE INDEX subjects_name ON subjects (kind, namespace, name);
