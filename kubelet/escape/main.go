//go:build linux

// Command escape tries to get out of the container that runs it, in every way it knows, and says of each attempt
// whether it worked. The escape suite runs it behind the wall, where none may, and without one, where most do.
//
// Its argument is a file, awaited, that says where the canaries are; it writes one JSON object a line.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// targets are what must stay out of reach. Paths and process numbers are the machine's.
type targets struct {
	// Secret is in the neighbour's environment, and in every file that must not be read.
	Secret string `json:"secret"`
	// Files, which hold the secret, and Private ones must not be read, by name; Directories not written.
	Files       map[string]string `json:"files"`
	Private     map[string]string `json:"private"`
	Directories map[string]string `json:"directories"`
	// Pids are the neighbour's init, and a process of the machine.
	NeighbourPID int `json:"neighbourPID"`
	HostPID      int `json:"hostPID"`
	// Sockets are Unix sockets, Ports TCP ports of loopback, by name.
	Sockets  map[string]string `json:"sockets"`
	Abstract string            `json:"abstract"`
	Ports    map[string]int    `json:"ports"`
	UDPPort  int               `json:"udpPort"`
	// Shared is the volume shared with the neighbour; ReadOnly is mounted so. Both as the container names them.
	Shared   string `json:"shared"`
	ReadOnly string `json:"readOnly"`
	// MachineNetwork: the container shares the machine's network, and what follows from that is left out.
	MachineNetwork bool `json:"machineNetwork"`
	// Control: there is no wall. What would harm the machine then is left out.
	Control bool `json:"control"`
}

// attempt is one way out. It returns nil when it worked.
type attempt struct {
	name string
	// harmful attempts are left out where they would work.
	harmful bool
	try     func(t *targets) error
}

type outcome struct {
	Name    string `json:"name"`
	Escaped bool   `json:"escaped"`
	Detail  string `json:"detail"`
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == sleepArg {
		time.Sleep(time.Minute)
		return
	}
	t := await(os.Args[1])
	out := json.NewEncoder(os.Stdout)
	for _, group := range [][]attempt{fileAttempts(t), processAttempts(), toolAttempts(), networkAttempts(t), kernelAttempts()} {
		for _, a := range group {
			if a.harmful && t.Control {
				continue
			}
			o := outcome{Name: a.name, Escaped: true}
			if err := a.try(t); err != nil {
				o.Escaped, o.Detail = false, err.Error()
			}
			_ = out.Encode(o)
		}
	}
	fmt.Println(`{"name":"end"}`)
}

func await(file string) *targets {
	for {
		data, err := os.ReadFile(file)
		t := &targets{}
		if err == nil && json.Unmarshal(data, t) == nil {
			return t
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// readSecret works when the file can be read and holds the secret.
func readSecret(path, secret string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.Contains(string(data), secret) {
		return fmt.Errorf("%s holds no secret", path)
	}
	return nil
}
