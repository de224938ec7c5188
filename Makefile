# The commands of the README and of CI; plain go does the rest.
.PHONY: demo test ci

demo:
	go run ./cmd/walle demo

test:
	go test ./...

ci:
	.ci/run
