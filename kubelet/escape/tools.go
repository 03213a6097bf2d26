//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// toolTimeout bounds a tool that waits for a network it does not have.
const toolTimeout = 20 * time.Second

// toolAttempts have git and npm do it: what they run by themselves is behind the same wall, and what they read from
// others, which others of the pod read too, cannot be written.
func toolAttempts() []attempt {
	return []attempt{
		{name: "read a secret by a git hook", try: gitHook},
		{name: "read a secret by a command in git's configuration", try: gitConfiguration},
		{name: "read a secret by an npm lifecycle script", try: npmLifecycle},
		{name: "plant a hook in the runtime's repository", try: func(t *targets) error { return touch(filepath.Join(t.ReadOnly, "hooks", "pre-push")) }},
		{name: "configure the runtime's repository", try: func(t *targets) error { return touch(filepath.Join(t.ReadOnly, "config.lock")) }},
		{name: "add an object to the runtime's repository", try: func(t *targets) error { return touch(filepath.Join(t.ReadOnly, "objects", "rig-escaped")) }},
		{name: "configure git for the machine", harmful: true, try: func(*targets) error { return touch("/etc/gitconfig") }},
		{name: "configure git for the node's user", try: func(t *targets) error { return touch(inHome(t, ".gitconfig")) }},
		{name: "configure npm for the node's user", try: func(t *targets) error { return touch(inHome(t, ".npmrc")) }},
		{name: "have the node's user run something at the next login", try: func(t *targets) error { return touch(inHome(t, ".profile")) }},
	}
}

func inHome(t *targets, name string) string {
	return filepath.Join(filepath.Dir(t.Files["home of the node's user"]), name)
}

// theft is a shell script that copies a secret next to itself, and where the copy will be.
func theft(t *targets, dir string) (script, loot string) {
	loot = filepath.Join(dir, "loot")
	return fmt.Sprintf("cat '%s' > '%s'", t.Files["other worktree"], loot), loot
}

func gitHook(t *targets) error {
	return inRepository(t, func(dir, script string) error {
		return errors.Join(
			os.WriteFile(filepath.Join(dir, ".git", "hooks", "pre-commit"), []byte("#!/bin/sh\n"+script+"\n"), 0o755),
			run(dir, "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--allow-empty", "--message=a"),
		)
	})
}

func gitConfiguration(t *targets) error {
	return inRepository(t, func(dir, script string) error {
		return errors.Join(run(dir, "git", "config", "alias.steal", "!"+script), run(dir, "git", "steal"))
	})
}

// inRepository works when steal left the secret behind; what its commands said of it is told otherwise.
func inRepository(t *targets, steal func(dir, script string) error) error {
	dir, err := os.MkdirTemp("", "repository")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := errors.Join(run(dir, "git", "init", "--quiet"), os.MkdirAll(filepath.Join(dir, ".git", "hooks"), 0o755)); err != nil {
		return err
	}
	script, loot := theft(t, dir)
	stealErr := steal(dir, script)
	return wrapped(readSecret(loot, t.Secret), stealErr)
}

func npmLifecycle(t *targets) error {
	dir, err := os.MkdirTemp("", "package")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	script, loot := theft(t, dir)
	manifest := fmt.Sprintf(`{"name":"a","version":"1.0.0","scripts":{"preinstall":%q}}`, script)
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(manifest), 0o644); err != nil {
		return err
	}
	npmErr := run(dir, "npm", "install", "--offline", "--no-audit", "--no-fund", "--no-update-notifier", "--cache="+filepath.Join(dir, "cache"))
	return wrapped(readSecret(loot, t.Secret), npmErr)
}

// wrapped adds to a failed theft what the tool said.
func wrapped(theftErr, toolErr error) error {
	if theftErr == nil {
		return nil
	}
	return errors.Join(theftErr, toolErr)
}

func run(dir string, argv ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %.300s", argv[0], err, out)
	}
	return nil
}
