# Breakwater. `make demo` shows it, `make test` proves it; both install what they need (Debian, root).
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help demo demo-down test soak check deps goldens docs bench build release

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: deps ## two bare hosts become a highly available Harbor by one terraform apply
	@tests/demo/up.sh

demo-down: ## remove everything that the demo made
	@tests/demo/down.sh

test: deps ## all tests, on real hosts (root); STORY=name tells one story alone
	@tests/all.sh

soak: deps ## what is proven at length: each change of roles 20 times, each step struck, each fault (root); PART=2/4
	@tests/soak.sh

check: ## what needs neither root nor hosts: format, lints, unit tests, goldens, plan cases, docs
	@tests/check.sh

deps:
	@tests/deps.sh

build: ## the provider, as a release
	cargo build --locked --release -p breakwater-provider

release: ## what a registry takes, in dist/: archive, manifest, sums; signed if GPG_PRIVATE_KEY holds an RSA key
	@.ci/release

goldens: ## write the expected files and steps anew; read the diff
	UPDATE_GOLDENS=1 cargo test --locked -q -p breakwater-render --test goldens
	UPDATE_GOLDENS=1 cargo test --locked -q -p breakwater-provider --test plans

docs: ## write docs/ from the schema, and the module's README from its .tf files
	UPDATE_DOCS=1 cargo test --locked -q -p breakwater-provider --test docs
	tests/examples/module_readme.py examples/modules/harbor-ha --write

bench: deps ## a no-op plan against its floor, round trips of a refresh, the write gap of a switchover (root)
	@tests/bench/run.sh
