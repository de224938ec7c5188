package bench

import (
	"github.com/prometheus/procfs"
)

// usage is what processes have taken so far, where the system tells.
type usage struct {
	bench  float64 // seconds of the processor, user and system
	nodes  float64
	memory []int64 // resident bytes of each node; 0 while it is down
}

// usageOf this process and of the nodes of d, which may be nil. Where the system
// does not tell it is 0.
func usageOf(d *demo) (u usage) {
	if self, err := procfs.Self(); err == nil {
		u.bench, _ = usageOfProcess(self)
	}
	if d == nil {
		return u
	}
	for _, n := range d.nodes {
		var seconds float64
		var resident int64
		if p, err := procfs.NewProc(n.process.Process.Pid); err == nil {
			seconds, resident = usageOfProcess(p)
		}
		u.nodes += seconds
		u.memory = append(u.memory, resident)
	}
	return u
}

func usageOfProcess(p procfs.Proc) (seconds float64, resident int64) {
	stat, err := p.Stat()
	if err != nil {
		return 0, 0
	}
	return stat.CPUTime(), int64(stat.ResidentMemory())
}
