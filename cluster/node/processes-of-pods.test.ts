import { expect, it } from 'vitest'
import { idIn, isCgroupOfPod, isLogOf } from './processes-of-pods.ts'

const uid = '3b8f2a1e-0c1d-4f5e-9a77-6d0c2b1a4e5f'

it("knows a pod's cgroup by both kinds of names", () => {
  expect(isCgroupOfPod(`pod${uid}`, uid)).toBe(true)
  expect(isCgroupOfPod(`kubelet-kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`, uid)).toBe(true)
  expect(isCgroupOfPod(`pod${uid.replace('3', '4')}`, uid)).toBe(false)
  expect(isCgroupOfPod(uid, uid)).toBe(false)
})

it('reads from the names of logs which container of which pod they are of', () => {
  expect(isLogOf(`/var/log/pods/berth_basic-76qgd_${uid}/worker/0.log`, uid, 'worker')).toBe(true)
  expect(isLogOf(`/var/log/pods/berth_basic-76qgd_${uid}/worker/0.log`, uid, 'work')).toBe(false)
  expect(isLogOf(`/var/log/pods/berth_basic-76qgd_${uid}0/worker/0.log`, uid, 'worker')).toBe(false)
  expect(idIn('basic-76qgd_berth_worker-d3a69ed1.log')).toBe('d3a69ed1')
})
