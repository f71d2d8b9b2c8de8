# The commands of BigBrotr. Each is one script below deploy/local; this file only names them.
# Variables are handed on by the environment, so any text in them is safe.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export RELAYS SEED SEEDS FIRST TRACE VICE COSTS FAIRNESS SYNCHRONIZERS TEST_FILTER BIGBROTR_STATE_DIR BIGBROTR_RUN_SECONDS

.PHONY: help prerequisites build run stop status test simulate chaos bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '%s\n' '' '  make run SEED=file              another seed list, one URL a line' \
	  '  make run RELAYS="wss://a ws://127.0.0.1:7777"   these relays and nothing else, with a state of their own' \
	  '  make run SYNCHRONIZERS=2        two replicas of the synchronizer' \
	  '  make test TEST_FILTER=WalkPlan  only tests whose name matches' \
	  '  BIGBROTR_STATE_DIR=folder       where all state goes (default: .local)'

prerequisites: ## installs what is missing from the distribution's packages
	@deploy/local/prerequisites

build: prerequisites ## builds everything
	@deploy/local/build

run: ## the whole fleet on this machine, with a live view; Ctrl-C stops it
	@deploy/local/run

stop: ## stops what `make run` started
	@deploy/local/fleet all down

status: ## what runs, and how far it is
	@deploy/local/fleet all status

test: ## everything there is to check
	@deploy/local/test

simulate: ## the sync engine in simulated worlds; SEEDS=10000 for many, SEED=77 for one again, FAIRNESS=10000
	@deploy/local/simulate

chaos: ## three replicas, killed two hundred times and cut off from their database; ten minutes
	@deploy/local/chaos

bench: ## what an event costs, as multiples of one signature verification
	@deploy/local/bench
