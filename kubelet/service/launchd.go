package service

import (
	"io"
	"path/filepath"

	"howett.net/plist"
)

// job is a launchd job. https://keith.github.io/xcode-man-pages/launchd.plist.5.html
type job struct {
	Label                string
	ProgramArguments     []string
	EnvironmentVariables map[string]string
	RunAtLoad            bool
	KeepAlive            bool
	ThrottleInterval     int
	ExitTimeOut          int
	// AbandonProcessGroup: pods outlive their kubelet.
	AbandonProcessGroup bool
	// ProcessType Standard: a background job would be slowed down, and its pods with it.
	ProcessType        string
	Umask              int
	SoftResourceLimits map[string]int
	HardResourceLimits map[string]int
	WorkingDirectory   string
	StandardErrorPath  string
}

func launchd(out io.Writer, d Description) error {
	files := map[string]int{"NumberOfFiles": openFiles}
	encoder := plist.NewEncoderForFormat(out, plist.XMLFormat)
	encoder.Indent("  ")
	return encoder.Encode(job{
		Label:                Label,
		ProgramArguments:     append([]string{d.Program}, d.Args...),
		EnvironmentVariables: map[string]string{"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
		RunAtLoad:            true,
		KeepAlive:            true,
		ThrottleInterval:     restartSeconds,
		ExitTimeOut:          stopSeconds,
		AbandonProcessGroup:  true,
		ProcessType:          "Standard",
		Umask:                0o077,
		SoftResourceLimits:   files,
		HardResourceLimits:   files,
		WorkingDirectory:     "/",
		StandardErrorPath:    filepath.Join(d.DataDir, "kubelet.log"),
	})
}
