# The commands of the README and of CI; plain go does the rest.
.PHONY: demo test ci nemesis explore

demo:
	go run ./cmd/walle demo

test:
	go test ./...

ci:
	.ci/run

# Real processes under all faults for 5 minutes; as root, else on loopback with fewer.
nemesis:
	go run ./tools/nemesis

# Every state of small worlds; some minutes.
explore:
	go run ./tools/explore
