"""What happens on the nodes: images, mounts, containers, probes, logs, and the network between Pods.

Lives here: one state machine per container and the rules it follows. What a program does (whom it calls, how
much memory it takes, how it writes logs) is declared in annotations of its Pod; whether that works out is
always read from the cluster's objects.
"""
