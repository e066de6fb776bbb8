# The everyday commands. `make run` and `make test` do all set-up themselves.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
# An import that the manifest does not declare would build by accident; here it is an error.
FLAGS := --explicit-target-dependency-import-check error
SOURCES := Package.swift Shared ControlPlane DataPlane Tests deploy
RELEASE := .build/release
# With Swift's runtime linked in, a request costs a fifth less user time than through the shared library's stubs.
RELEASE_BUILD = $(SWIFT) build -c release --static-swift-stdlib $(FLAGS) --product
PROGRAMS := portico portico-control portico-proxy portico-demo-backend
HTTP ?= 127.0.0.1:8080
METRICS ?= 127.0.0.1:10254

LIBRARIES := libssl-dev libc-ares-dev libcurl4-openssl-dev libprotobuf-c-dev protobuf-c-compiler protobuf-compiler \
	libsqlite3-dev libnghttp2-dev libpcre2-dev zlib1g-dev libbrotli-dev libzstd-dev libcrypt-dev libmaxminddb-dev \
	libmodsecurity3 modsecurity-crs pkg-config \
	curl openssl
# What tests talk with the programs by.
CLIENTS := python3 python3-h2 python3-websockets nghttp2-proxy
PEERS := nginx haproxy wrk nghttp2-client nghttp2-server python3 python3-venv strace

.PHONY: help deps deps-bench release run build test test-grpc test-tls test-apiserver sanitize soak check inspect lint generated fuzz \
	allocations manifests format golden bench clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the Debian packages that are missing
	@deploy/install-packages $(LIBRARIES)
	@command -v $(SWIFT) >/dev/null || { echo "Swift 6.3 is missing: see https://www.swift.org/install/" >&2; exit 1; }

deps-bench: deps
	@deploy/install-packages $(PEERS)

release: deps ## Build the programs for release
	@for program in $(PROGRAMS); do $(RELEASE_BUILD) $$program; done

run: release ## Build for release and serve deploy/demo
	@exec $(RELEASE)/portico run deploy/demo --http $(HTTP) --metrics $(METRICS) \
		--companion "$(RELEASE)/portico-demo-backend welcome=127.0.0.1:9101" \
		--companion "$(RELEASE)/portico-demo-backend coffee=127.0.0.1:9102 coffee=127.0.0.1:9103" \
		--companion "$(RELEASE)/portico-demo-backend tea=127.0.0.1:9104"

build: deps ## Build everything, tests included, for debugging
	$(SWIFT) build --build-tests $(FLAGS)

test: build ## Run every test
	@deploy/install-packages $(CLIENTS)
	$(SWIFT) test --skip-build --no-parallel $(FLAGS)

# The leak checker would blame the test runner. A build of this kind lies beside the usual one.
sanitize: deps ## Run every test under the address sanitizer, in a build of its own
	$(SWIFT) build --build-tests $(FLAGS) --sanitize=address --scratch-path .build-asan
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --skip-build --no-parallel $(FLAGS) --sanitize=address \
		--scratch-path .build-asan

test-apiserver: build ## The tests of a cluster against kube-apiserver and etcd in $$KUBEBUILDER_ASSETS
	@test -x "$${KUBEBUILDER_ASSETS:-}/kube-apiserver" || \
		{ echo "KUBEBUILDER_ASSETS must name the folder of kube-apiserver and etcd" >&2; exit 1; }
	$(SWIFT) test --skip-build $(FLAGS) --no-parallel --filter 'ClientTests|ClusterObjectTests'

soak: build ## Random changes and failures of a cluster for ten minutes, compared with a fresh start
	PORTICO_SOAK_SECONDS=$${PORTICO_SOAK_SECONDS:-600} $(SWIFT) test --skip-build $(FLAGS) --filter 'ClusterSoakTests|ReplicaTests'

check: test inspect ## What CI runs

inspect: lint generated fuzz allocations manifests ## All of `check` but the tests

fuzz: deps ## Replay the corpora of the fuzz targets
	@deploy/install-packages python3
	@$(SWIFT) package resolve
	Tests/Fuzzing/replay

test-grpc: build ## Real gRPC calls through the gateway; needs PyPI
	@deploy/install-packages python3 python3-venv
	@test -x .build/grpc/bin/python || python3 -m venv .build/grpc
	@.build/grpc/bin/pip install --quiet grpcio grpcio-tools
	.build/grpc/bin/python Tests/GRPC/calls.py .build/debug/portico

test-tls: build ## testssl.sh against a gateway: nothing above 'low'
	@deploy/install-packages python3 testssl.sh openssl bsdextrautils
	python3 -B Tests/Clients/testssl.py .build/debug/portico

allocations: build
	@deploy/install-packages python3
	$(RELEASE_BUILD) portico-proxy
	python3 -B Tests/Benchmarks/allocations.py

manifests: ## Hold deploy/manifests against the schema of the Kubernetes API
	@deploy/install-packages python3 python3-venv
	deploy/manifests/check

lint:
	$(SWIFT) format lint --strict -r $(SOURCES)

generated: deps
	Shared/Proto/check-generated

format: ## Format all Swift code in place
	$(SWIFT) format -i -r $(SOURCES)

golden: build ## Rewrite the golden files from what the code does now
	PORTICO_UPDATE_GOLDEN=1 $(SWIFT) test --skip-build $(FLAGS) --filter Golden

bench: deps-bench release ## Measure against nginx, HAProxy and Envoy; writes docs/benchmarks.md
	python3 -B Tests/Benchmarks/bench.py
	python3 -B Tests/Benchmarks/secure.py
	python3 -B Tests/Benchmarks/policies.py --write

clean:
	$(SWIFT) package clean
