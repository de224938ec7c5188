# The commands of the README and of CI; plain go does the rest.
.PHONY: demo test bench ci nemesis explore

demo:
	go run ./cmd/walle demo

test:
	go test ./...

# What this machine makes of it, on a cluster of its own; ARGS='window:size=100' and the like for less.
bench:
	go run ./cmd/walle bench --demo $(ARGS)

ci:
	.ci/run

# Real processes under all faults for 5 minutes; as root, else on loopback with fewer.
nemesis:
	go run ./tools/nemesis

# Every state of small worlds; some minutes.
explore:
	go run ./tools/explore
