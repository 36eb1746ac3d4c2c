#!/usr/bin/env bash
# A node: what a machine is to Kubernetes, as one tree of processes with namespaces of its own. When its first process
# ends, the kernel ends all others and takes back the mounts, the network devices and the packet filter rules.
#
# NODE_NAME, NODE_FOLDER, NODE_ADDRESS, NODE_NETWORK (address/length), NODE_HARDWARE_ADDRESS
# NODE_DEVICE: the host's end of the cable; HOST_BRIDGE: where it is plugged in; HOST_ADDRESS
# NODE_ROUTES: "range via address" of the other nodes' pods, a line each
# NODE_CGROUPS: files that take our pid; KUBELET, KUBE_PROXY: paths of the programs
set -euo pipefail

if [ "${1:-}" != inside ]; then
  for file in $NODE_CGROUPS; do echo $$ > "$file"; done
  # Descriptor 9 leads back to the host's network, where one end of the cable goes.
  exec 9< /proc/self/ns/net
  exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation slave bash "$0" inside
fi

host() { nsenter --net=/proc/self/fd/9 "$@"; }

# Kubelet and containerd expect what systemd does.
mount --make-rshared /

# What a machine forgets when its power goes ...
mount -t tmpfs -o mode=755 berth-run /run
mkdir -p /run/netns /run/bin /run/sysctl
for program in "$KUBELET" "$KUBE_PROXY"; do
  touch "/run/bin/${program##*/}"
  mount --bind "$program" "/run/bin/${program##*/}"
done
# ... and its disk: all that is written lies below /var. From here on the host's is out of sight.
mount --bind "$NODE_FOLDER/var" /var

# A kubelet sets these for the whole machine, which is not its own: it gets copies.
for key in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  copy="/run/sysctl/${key//\//.}"
  cat "/proc/sys/$key" > "$copy"
  mount --bind "$copy" "/proc/sys/$key"
done

ip link set lo up
ip link add eth0 address "$NODE_HARDWARE_ADDRESS" type veth peer name "$NODE_DEVICE" netns /proc/self/fd/9
host ip link set "$NODE_DEVICE" master "$HOST_BRIDGE"
host ip link set "$NODE_DEVICE" up
exec 9<&-
ip address add "$NODE_NETWORK" dev eth0
ip link set eth0 up
ip route add default via "$HOST_ADDRESS"
while read -r route; do
  # shellcheck disable=SC2086
  [ -z "$route" ] || ip route add $route
done <<< "$NODE_ROUTES"
echo 1 > /proc/sys/net/ipv4/ip_forward
# Answers within one bridge pass the packet filter too, else Services on the same node would not be answered.
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables

# As systemd does it: whoever ends is started again.
keep() {
  local name=$1
  shift
  while :; do
    "$@" >> "/var/log/$name.log" 2>&1 || true
    echo "$(date --utc +%FT%TZ) $name ended; starting it again"
    sleep 1
  done
}

keep containerd containerd --config /var/lib/berth/containerd.toml &
keep kubelet /run/bin/kubelet --config /var/lib/berth/kubelet.json --kubeconfig /var/lib/berth/kubelet.kubeconfig \
  --hostname-override "$NODE_NAME" --node-ip "$NODE_ADDRESS" &
keep kube-proxy /run/bin/kube-proxy --config /var/lib/berth/kube-proxy.json &
# As the first process it is also who buries processes whose parents are gone; waiting does that.
while :; do wait || true; done
