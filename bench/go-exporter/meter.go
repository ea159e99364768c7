package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

const (
	quietLook  = 10 * time.Millisecond
	quietLooks = 2
	quietShare = 0.05
	settleMost = 3 * time.Second
)

type reading struct {
	CPU  float64 `json:"cpu"`
	Wall float64 `json:"wall"`
}

type memoryReading struct {
	RSS     int64 `json:"rss"`
	PeakRSS int64 `json:"peakRss"`
	Live    int64 `json:"live"`
}

// meter measures what work costs this process, as the meter of the other subjects does.
type meter struct {
	cpu   time.Duration
	start time.Time
}

func (m *meter) begin() {
	runtime.GC()
	settle()
	m.cpu = processCPU()
	m.start = time.Now()
}

func (m *meter) end() reading {
	wall := time.Since(m.start)
	return reading{CPU: millis(settle() - m.cpu), Wall: millis(wall)}
}

// settle waits for quiet and answers with the reading before it began.
func settle() time.Duration {
	last := processCPU()
	deadline := time.Now().Add(settleMost)
	for quiet := 0; quiet < quietLooks && time.Now().Before(deadline); {
		before := processCPU()
		time.Sleep(quietLook)
		if float64(processCPU()-before) < quietShare*float64(quietLook) {
			quiet++
		} else {
			quiet = 0
			last = processCPU()
		}
	}
	return last
}

func millis(d time.Duration) float64 { return float64(d) / 1e6 }

func usage() syscall.Rusage {
	var u syscall.Rusage
	// It cannot fail for the process itself.
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u
}

func processCPU() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func readMemory() memoryReading {
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return memoryReading{
		RSS:     int64(stats.Sys - stats.HeapReleased),
		PeakRSS: usage().Maxrss * 1024,
		Live:    int64(stats.HeapAlloc),
	}
}

// residentBytes is what the system says of this process now; 0 if it does not say it.
func residentBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
