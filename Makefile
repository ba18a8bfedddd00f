# The front door. `make help` lists the targets.
JOBS ?= $(shell nproc)
PRESET ?= release
BUILD := build/$(PRESET)
ARGS ?=
.DEFAULT_GOAL := help
.NOTPARALLEL:

.PHONY: help
help: ## Lists the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: run
run: build ## Builds everything missing and starts the collector (make run ARGS="--stdout")
	exec ./$(BUILD)/bin/cisternd $(ARGS)

.PHONY: build
build: deps-build ## Builds cisternd and cisternctl into build/release/bin
	@cmake --preset $(PRESET) > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS) --target cisternd cisternctl

.PHONY: build-all
build-all: deps-build deps-test
	@cmake --preset $(PRESET) > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)

.PHONY: test
test: build-all build/peers/ready ## Unit, conformance and integration tests
	JOBS=$(JOBS) tests/run.sh $(BUILD) -LE crash

.PHONY: crash
crash: build-all ## Kills, power cuts and damage: kill -9 200 times each way (make crash KILLS=20 SEED=7)
	tests/crash/run.sh $(BUILD) $(or $(KILLS),200) $(SEED)

.PHONY: damage
damage: build-all ## Every octet of a small store flipped, every length cut; an hour of two cores (make damage SEED=7)
	tests/crash/damage.sh $(BUILD) $(JOBS) $(SEED)

.PHONY: faults
faults: build ## A million records forwarded through six faults of a minute each, 50 kills in between; broken connections
	CISTERN_BIN=$(abspath $(BUILD))/bin CISTERN_FAULTS_RECORDS=$(or $(RECORDS),1000000) \
	  CISTERN_FAULTS_SECONDS=$(or $(SECONDS),60) CISTERN_FAULTS_KILLS=$(or $(KILLS),50) \
	  $(SHELL) -c 'for name in faults window; do /usr/bin/python3 tests/integration/test_targets_$$name.py || exit; done'

.PHONY: bench
bench: build-all build/peers/ready ## 1 million messages over each transport, beside rsyslog; parser and framer
	tests/bench/run.sh $(BUILD)

.PHONY: bench-busy
bench-busy: build-all ## Half of the highest rate, four clients that query in a loop, two that follow
	CISTERN_BIN=$(abspath $(BUILD))/bin /usr/bin/python3 tests/bench/busy.py $(or $(SECONDS),30)

.PHONY: bench-forward
bench-forward: build build/peers/ready ## Forwarding over TCP beside ingest, against rsyslog; one hung target among five
	CISTERN_BIN=$(abspath $(BUILD))/bin /usr/bin/python3 tests/bench/forward.py $(or $(RECORDS),1000000) $(or $(ROUNDS),3)

.PHONY: bench-rules
bench-rules: build ## Ingest with no rule, 1,000 ingest rules, 100 detections, the packs
	CISTERN_BIN=$(abspath $(BUILD))/bin /usr/bin/python3 tests/bench/rules.py $(or $(RECORDS),1000000) $(or $(ROUNDS),3)

.PHONY: bench-store
bench-store: build-all build/peers/ready ## The store beside zstd, ripgrep and FTS5 (make bench-store RECORDS=1000000 LARGE=0)
	/usr/bin/python3 tests/bench/store.py $(BUILD)/bin $(or $(RECORDS),10000000) $(or $(LARGE),100000000)

.PHONY: image
image: deps-deploy ## Builds the container image with buildah: cistern:VERSION and cistern:latest (make image BIN=build/release/bin)
	docker/build.sh $(BIN)

.PHONY: deploy-test
deploy-test: deb deps-deploy build/peers/ready ## Builds, lints and runs the container image, compose, the Helm chart and the Debian packages
	tests/integration/deploy_test.sh

.PHONY: deb
deb: build deps-package ## Debian packages of daemon, client and development files in build/release/deb
	@cmake/packaging/make_packages.sh $(BUILD) $(JOBS)

.PHONY: helm-docs
helm-docs: ## Writes the table of values into the chart's README
	. tests/integration/deploy/chart_tools.sh && cd "$$tools" && node values_table.mjs $(CURDIR)/helm/cistern write

.PHONY: format
format: ## Formats the C++ sources
	@git ls-files '*.cc' '*.h' | xargs -r clang-format -i

.PHONY: check
check: deps-check ## Format, scripts, layering and house rules; changes nothing
	tests/check.sh

.PHONY: clean
clean: ## Removes everything that was built
	@awk '{print $$2}' /proc/mounts | grep "^$(CURDIR)/build/" | sort -r | xargs -r umount -l   # image layers in use
	rm -rf build

.PHONY: deps-build deps-test deps-check deps-package deps-deploy
deps-build deps-test deps-check deps-package deps-deploy: deps-%:
	@mkdir -p build
	@[ -n "$(SKIP_DEPS)" ] || cmake/install-deps.sh $*

# rsyslog, syslog-ng, promtool and ripgrep, unpacked here rather than installed.
build/peers/ready: tests/integration/fetch_peers.sh
	tests/integration/fetch_peers.sh build/peers
