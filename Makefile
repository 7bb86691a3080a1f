# All but `static`, `image`, `artifact` and what needs them works on a fresh machine with Rust (rustup), make and python3. `make help` lists the targets.

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

CARGO ?= cargo
TARGET := wasm32-wasip2

# What the tests and the checks need and cargo does not bring: made by `make setup`, kept in target/.
TOOLS := $(CURDIR)/target/tools
# The tests read these.
export PYTHON := $(TOOLS)/python/bin/python
export WASMTIME := $(TOOLS)/bin/wasmtime
export WASM_TOOLS := $(TOOLS)/python/bin/wasm-tools

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny
CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := $(TOOLS)/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz
# How long `make fuzz` searches, for each target.
FUZZ_SECONDS ?= 60

# The image holds a static binary for this machine's architecture; its name is the user's to choose.
STATIC := $(shell uname -m)-unknown-linux-musl
IMAGE ?= localhost/heartbeats:latest
# What builds it: the first of these that is here.
CONTAINERS ?= $(notdir $(firstword $(foreach tool,podman docker buildah,$(shell command -v $(tool)))))
CONTEXT := $(CURDIR)/target/image
COMPONENT := target/$(TARGET)/release/heartbeats.wasm
ARTIFACT := $(CURDIR)/target/artifact
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## Show heartbeats on the terminal, with nothing else running
	target/release/heartbeats-host demo

.PHONY: test
test: setup ## Run the tests, but for those of test-deployed
	$(CARGO) test --locked --release --workspace -- --skip deployed::

.PHONY: test-deployed
test-deployed: setup image ## Test the image, the artifact and the manifests; needs the packages that .ci/run installs
	IMAGE=$(IMAGE) $(CARGO) test --locked --release --workspace --test integration -- deployed::

.PHONY: check
check: fmt lint docs deny test test-deployed ## Run all that CI runs: format, lints, documentation, dependencies, tests

.PHONY: faults
faults: setup ## Break the sinks, attack the host, and write docs/reliability.md
	FAULTS=docs/reliability.md $(CARGO) test --locked --release --package heartbeats-host --test integration -- faults::

# The code has no unsafe to sanitize, and without a sanitizer the toolchain of everything else can build it.
.PHONY: fuzz
fuzz: $(CARGO_FUZZ) ## Search for settings and answers that break a law of tests/laws, FUZZ_SECONDS for each
	for target in $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs))); do \
		PATH="$(dir $(CARGO_FUZZ)):$$PATH" $(CARGO) fuzz run --sanitizer none $$target -- \
			-max_total_time=$(FUZZ_SECONDS) -dict=fuzz/words.dict -print_final_stats=1 || exit 1; \
	done

# What ships is measured: the static binary.
BENCH = HOST=$(CURDIR)/target/$(STATIC)/release/heartbeats-host COMPONENT=$(CURDIR)/$(COMPONENT) \
	GO_PEER=$(CURDIR)/target/bench/go-peer HOSTILE=$(CURDIR)/target/bench/guests/$(TARGET)/release/hostile.wasm \
	target/release/heartbeats-bench

.PHONY: bench
bench: bench-setup ## Measure heartbeats beside its peers: a quarter of an hour on an idle machine; needs musl-tools and nginx
	$(BENCH) cpu
	$(BENCH) lateness
	$(BENCH) idle
	$(BENCH) rate

.PHONY: bench-churn
bench-churn: bench-setup ## Add, change and remove sources for an hour
	$(BENCH) churn

.PHONY: bench-outage
bench-outage: bench-setup ## Let a sink be away for ten minutes
	$(BENCH) outage

.PHONY: bench-setup
bench-setup: setup static $(TOOLS)/go.done
	$(CARGO) wasm --locked
	$(CARGO) build --locked --release --package heartbeats-host --package heartbeats-bench
	$(CARGO) build --locked --release --target $(TARGET) --manifest-path tests/guests/hostile/Cargo.toml --target-dir target/bench/guests
	cd bench/go && GOTOOLCHAIN=local $(TOOLS)/python/bin/go build -o $(CURDIR)/target/bench/go-peer .

.PHONY: build
build: target ## Build target/release/heartbeats-host and target/wasm32-wasip2/release/heartbeats.wasm
	$(CARGO) wasm --locked
	$(CARGO) build --locked --release --package heartbeats-host

.PHONY: static
static: ## Build a static heartbeats-host as it ships, the fastest there is
	@command -v musl-gcc > /dev/null || { \
		echo 'A static binary needs musl'\''s C compiler. Debian, Ubuntu: apt-get install musl-tools.' >&2; \
		exit 1; \
	}
	@if command -v rustup > /dev/null; then rustup target list --installed | grep -qx $(STATIC) || rustup target add $(STATIC); fi
	$(CARGO) build --locked --release --package heartbeats-host --target $(STATIC) \
		--config "profile.release.lto='fat'" --config profile.release.codegen-units=1

.PHONY: image
image: static ## Build the container image $(IMAGE), with podman, docker or buildah
	@[ -n "$(CONTAINERS)" ] || { \
		echo 'An image needs podman, docker or buildah. Debian, Ubuntu: apt-get install podman.' >&2; \
		exit 1; \
	}
	@rm -rf $(CONTEXT)
	@mkdir -p $(CONTEXT)/cache
	@strip -o $(CONTEXT)/heartbeats-host target/$(STATIC)/release/heartbeats-host
	@# The first start compiles; the image's starts find what it left.
	env -i XDG_CACHE_HOME=$(CONTEXT)/cache $(CONTEXT)/heartbeats-host run -- --help > /dev/null
	@rm -f $(CONTEXT)/cache/heartbeats/.cleanup*
	@chmod -R a+rX $(CONTEXT)
	$(CONTAINERS) build --file deploy/Dockerfile --build-arg VERSION=$(VERSION) --tag $(IMAGE) $(CONTEXT)

.PHONY: artifact
artifact: setup ## Pack the component as a Wasm OCI artifact; with TO=REGISTRY/NAME:TAG, push it there
	$(CARGO) wasm --locked
	@rm -rf $(ARTIFACT)
	@mkdir -p $(ARTIFACT)
	$(WASM_TOOLS) component wit $(COMPONENT) --output $(ARTIFACT)/component.wit
	python3 deploy/oci/pack.py $(COMPONENT) $(ARTIFACT)/component.wit $(ARTIFACT)/layout
	$(if $(TO),skopeo copy $(PUSH_FLAGS) oci:$(ARTIFACT)/layout docker://$(TO))

.PHONY: setup
setup: target $(TOOLS)/python.done ## Fetch what the tests need: the wasm target, the wasmtime command line, a CloudEvents SDK

# One profile for all: the checks and the tests share what is compiled, and wasmtime takes minutes.
.PHONY: fmt
fmt: ## Check the format
	$(CARGO) fmt --all --check

.PHONY: lint
lint: target ## Run clippy, on the host's target and on the component, with each door alone too
	$(CARGO) clippy --locked --release --workspace --all-targets -- --deny warnings
	$(CARGO) clippy --locked --release --package heartbeats --lib --target $(TARGET) -- --deny warnings
	$(CARGO) clippy --locked --release --package knative-env --lib --target $(TARGET) -- --deny warnings
	for door in run http ticker; do \
		$(CARGO) clippy --locked --release --package heartbeats --lib --target $(TARGET) \
			--no-default-features --features $$door -- --deny warnings || exit 1; \
	done

.PHONY: docs
docs: target ## Build the documentation; a broken link fails
	RUSTDOCFLAGS='--deny warnings' $(CARGO) doc --locked --release --workspace --no-deps

.PHONY: deny
deny: $(CARGO_DENY) ## Check the licences, the sources and the duplicates of the dependencies
	$(CARGO_DENY) --locked --workspace check bans licenses sources

.PHONY: target
target: ## Add the wasm target to the Rust toolchain
	@if command -v rustup > /dev/null; then \
		rustup target list --installed | grep -qx $(TARGET) || rustup target add $(TARGET); \
	elif ! [ -d "$$(rustc --print target-libdir --target $(TARGET))" ]; then \
		echo 'Rust cannot build for $(TARGET): install Rust by rustup (https://rustup.rs), or your distribution'\''s package of that target.' >&2; \
		exit 1; \
	fi

# A stamp: the tools are fetched again when the list of them changes.
$(TOOLS)/python.done: tests/requirements.txt
	@rm -rf $(TOOLS)/python
	@mkdir -p $(TOOLS)/bin
	@python3 -m venv $(TOOLS)/python || { \
		echo 'The tests need python3 with venv and pip. Debian, Ubuntu: apt-get install python3-venv. Fedora: dnf install python3. macOS: brew install python3.' >&2; \
		exit 1; \
	}
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	@# The package's file lacks the run bit. A link, so that its long path is not needed anywhere.
	@chmod +x $(TOOLS)/python/lib/python3*/site-packages/wasmtime_cli/wasmtime
	@ln -sf $(TOOLS)/python/lib/python3*/site-packages/wasmtime_cli/wasmtime $(WASMTIME)
	@touch $@

# Go's toolchain, for the peer in Go.
$(TOOLS)/go.done: bench/requirements.txt $(TOOLS)/python.done
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	@touch $@

# A tool that runs for a second need not be optimised: it is built in half the time. Its newest release is not on PyPI.
$(CARGO_DENY):
	CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 \
		$(CARGO) install --locked --quiet cargo-deny@$(CARGO_DENY_VERSION) --root $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION) \
		--target-dir $(TOOLS)/cargo-deny-build
	@rm -rf $(TOOLS)/cargo-deny-build

$(CARGO_FUZZ):
	CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 \
		$(CARGO) install --locked --quiet cargo-fuzz@$(CARGO_FUZZ_VERSION) --root $(TOOLS)/cargo-fuzz-$(CARGO_FUZZ_VERSION) \
		--target-dir $(TOOLS)/cargo-fuzz-build
	@rm -rf $(TOOLS)/cargo-fuzz-build
