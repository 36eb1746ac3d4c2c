import { expect, it } from 'vitest'
import { isCgroupOfPod } from './processes-of-pods.ts'

const uid = '3b8f2a1e-0c1d-4f5e-9a77-6d0c2b1a4e5f'

it("knows a pod's cgroup by both kinds of names", () => {
  expect(isCgroupOfPod(`pod${uid}`, uid)).toBe(true)
  expect(isCgroupOfPod(`kubelet-kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`, uid)).toBe(true)
  expect(isCgroupOfPod(`pod${uid.replace('3', '4')}`, uid)).toBe(false)
  expect(isCgroupOfPod(uid, uid)).toBe(false)
})
