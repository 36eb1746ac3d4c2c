// What the cluster's own tests run in pods.
module berth.dev/cluster/probe

go 1.26.0
