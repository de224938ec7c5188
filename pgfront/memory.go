package pgfront

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// unknownMemory is taken where the system does not say how much there is.
const unknownMemory = 4 << 30

// machineMemory is how many bytes of memory this process may use: the machine's, or as many as
// its container is given.
func machineMemory() int64 {
	most := int64(unknownMemory)
	if kib, ok := meminfo("MemTotal"); ok {
		most = kib << 10
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil { // or "max"
			most = min(most, n)
		}
	}
	return most
}

// meminfo reads a line of Linux's /proc/meminfo.
func meminfo(name string) (kib int64, ok bool) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if n, err := fmt.Sscanf(lines.Text(), name+": %d kB", &kib); err == nil && n == 1 {
			return kib, true
		}
	}
	return 0, false
}
