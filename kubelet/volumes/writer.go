package volumes

import (
	"os"
	"path/filepath"
)

// File is one file of a volume; Path is relative to the volume.
type File struct {
	Path string
	Data []byte
	Mode os.FileMode
}

// write replaces files one by one, each in one step, so that a reader sees the old or the new content.
func write(dir string, files []File) error {
	for _, file := range files {
		target := filepath.Join(dir, filepath.FromSlash(file.Path))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		temporary := filepath.Join(filepath.Dir(target), ".new-"+filepath.Base(target))
		if err := os.WriteFile(temporary, file.Data, 0o600); err != nil {
			return err
		}
		if err := os.Chmod(temporary, file.Mode); err != nil {
			return err
		}
		if err := os.Rename(temporary, target); err != nil {
			return err
		}
	}
	return nil
}

// mode keeps the owner's part of the mode a pod asks for: on a host others are other people.
func mode(item, volume *int32) os.FileMode {
	asked := int32(0o644)
	if volume != nil {
		asked = *volume
	}
	if item != nil {
		asked = *item
	}
	return os.FileMode(asked)&0o700 | 0o400
}
