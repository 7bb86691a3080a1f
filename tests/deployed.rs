//! What `deploy/` makes, run where it is meant to run, or held against the schema of that place. `make test-deployed` runs
//! this, and sets `IMAGE`; it needs podman, runc, skopeo, kubectl and Debian's docker-registry.

mod artifact;
mod image;
mod manifests;
