package isolation

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"rig.dashecorp.com/kubelet/disk"
)

var errDamaged = errors.New("is damaged")

// Range is a closed range of user ids; the ids of groups are taken from it too.
type Range struct{ First, Last int }

// DefaultRange lies above what systemd, subordinate ids and directories of people give out.
// https://systemd.io/UIDS-GIDS/
var DefaultRange = Range{1_900_000_000, 1_900_065_535}

// ParseRange reads "first-last".
func ParseRange(text string) (Range, error) {
	first, last, _ := strings.Cut(text, "-")
	from, fromErr := strconv.Atoi(first)
	to, toErr := strconv.Atoi(last)
	if fromErr != nil || toErr != nil || from < 1000 || to > 1<<31-2 || to-from < 255 {
		return Range{}, fmt.Errorf("the range of uids %q must be FIRST-LAST, from 1000 on and of at least 256", text)
	}
	return Range{from, to}, nil
}

func (r Range) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

// IDs gives every pod a group and every container a user of its own. They are kept in the pod's directory, so that a
// container that starts again, also under a later kubelet, is the same user, and go with that directory.
type IDs struct {
	mu      sync.Mutex
	ids     Range
	next    int
	holders map[int]string
}

// podIDs is the file of a pod's directory.
type podIDs struct {
	Group int            `json:"group"`
	Users map[string]int `json:"users"`
}

func idsFile(podDir string) string { return filepath.Join(podDir, "ids.json") }

// NewIDs finds which ids the pods in podsDir hold. A damaged file is set aside: LostIDs then says so of its pod, to which Of
// gives no ids any more.
func NewIDs(ids Range, podsDir string) (*IDs, error) {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(podsDir))
	// Two nodes on one machine begin at different places.
	i := &IDs{ids: ids, next: ids.First + int(hash.Sum32())%(ids.Last-ids.First+1), holders: map[int]string{}}
	files, err := filepath.Glob(idsFile(filepath.Join(podsDir, "*")))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		held, err := readIDs(file)
		if errors.Is(err, errDamaged) {
			if err := disk.SetAside(file); err != nil {
				return nil, err
			}
			continue
		} else if err != nil {
			return nil, err
		}
		i.hold(filepath.Dir(file), held)
	}
	return i, nil
}

func readIDs(file string) (podIDs, error) {
	held := podIDs{Users: map[string]int{}}
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return held, nil
	} else if err != nil {
		return held, err
	}
	if err := json.Unmarshal(data, &held); err != nil {
		return held, fmt.Errorf("%s %w: %w", file, errDamaged, err)
	}
	return held, nil
}

// LostIDs says whether it is no longer known who the containers of a pod were. Others may be the same user by now.
func LostIDs(podDir string) bool {
	_, err := os.Lstat(idsFile(podDir) + ".damaged")
	return err == nil
}

func (i *IDs) hold(podDir string, held podIDs) {
	if held.Group != 0 {
		i.holders[held.Group] = podDir
	}
	for _, id := range held.Users {
		i.holders[id] = podDir
	}
}

// Of returns the user and group of a container of the pod that lives in podDir, new ones at the first call.
func (i *IDs) Of(podDir, container string) (uid, gid int, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if LostIDs(podDir) {
		return 0, 0, errors.New("the node has lost which uids this pod had: delete the pod and create it again")
	}
	held, err := readIDs(idsFile(podDir))
	if err != nil {
		return 0, 0, err
	}
	uid, known := held.Users[container]
	if known && held.Group != 0 {
		return uid, held.Group, nil
	}
	if held.Group == 0 {
		if held.Group, err = i.take(podDir); err != nil {
			return 0, 0, err
		}
	}
	if held.Users[container], err = i.take(podDir); err != nil {
		return 0, 0, err
	}
	data, err := json.Marshal(held)
	if err != nil {
		return 0, 0, err
	}
	return held.Users[container], held.Group, disk.Write(idsFile(podDir), data)
}

// take finds an id that no pod holds; one of a pod whose directory is gone is free.
func (i *IDs) take(podDir string) (int, error) {
	for range i.ids.Last - i.ids.First + 1 {
		id := i.next
		if i.next++; i.next > i.ids.Last {
			i.next = i.ids.First
		}
		if holder, held := i.holders[id]; held {
			if _, err := os.Stat(holder); !os.IsNotExist(err) {
				continue
			}
		}
		i.holders[id] = podDir
		return id, nil
	}
	return 0, fmt.Errorf("every uid of %s is held by a container: give this node a larger --uid-range", i.ids)
}
