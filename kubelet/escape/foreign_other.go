//go:build linux && !amd64

package main

import "errors"

func foreignCall(*targets) error { return errors.New("this machine has no 32-bit programs") }
