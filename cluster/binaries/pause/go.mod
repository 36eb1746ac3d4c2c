// What holds a pod's namespaces open.
module berth.dev/cluster/pause

go 1.26.0
