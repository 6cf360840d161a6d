// One program for everything of the lab that is written in Go: the control
// plane, the node agents, cluster DNS, and the two clients kubectl and helm.
//
// One binary instead of nine: they share most of their packages, so one link
// takes minutes less than nine would, and the cache holds one file.
//
// The component is the name the program is called by (a symbolic link), or
// else its first argument.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// components maps a name to its entry point. Each file of this package adds its own.
var components = map[string]func(){}

func main() {
	if run, ok := components[filepath.Base(os.Args[0])]; ok {
		run()
		return
	}
	if len(os.Args) > 1 {
		if run, ok := components[os.Args[1]]; ok {
			// What runs next reads its own name from os.Args[0].
			os.Args = os.Args[1:]
			run()
			return
		}
	}
	names := make([]string, 0, len(components))
	for name := range components {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprintf(os.Stderr, "usage: %s COMPONENT [FLAGS]; components: %s\n", os.Args[0], strings.Join(names, ", "))
	os.Exit(2)
}
