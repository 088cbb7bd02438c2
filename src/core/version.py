"""The version of Cloud Offload, written here by `make release` alone: whatever else tells it follows."""

VERSION = "0.1.0"
