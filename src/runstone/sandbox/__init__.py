"""The demo cluster: a Kubernetes API in one process, a small shop on it, and faults that follow from the spec.

Lives here: an API server that kubectl and the usual client libraries accept, the controllers, scheduler and
kubelets behind it (simulated), the shop's manifests, the faults with their truths, and the alert each one
would raise. Everything is in memory and gone when it stops.

Does not live here: anything that diagnoses. The rest of Runstone meets the sandbox only the way it meets any
cluster, with a kubeconfig. A fault is a change to manifests, never a flag, so undoing the cause heals.

May assume: one asyncio loop, 127.0.0.1, a few hundred objects. Imports `runstone.errors`, `runstone.model`
and third parties only.
"""
