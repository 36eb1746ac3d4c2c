/** Requests that the API server must refuse. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { KubeError } from '@berth/core/kube/error.ts'
import { expect } from 'vitest'

/** What the API server says against it; status 200: nothing. */
export async function refusalOf(work: Promise<unknown>): Promise<{ status: number; message: string }> {
  try {
    await work
    return { status: 200, message: 'it was allowed' }
  } catch (error) {
    if (error instanceof KubeError) return { status: error.status, message: error.message }
    throw error
  }
}

/** Each of them is refused for want of rights, and not for another reason. */
export async function expectForbidden(client: KubeClient, requests: [method: string, path: string, body?: object][]) {
  for (const [method, path, body] of requests) {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const refusal = await refusalOf(client.request(method as 'GET', path, { body, contentType }))
    expect({ method, path, ...refusal }).toMatchObject({ method, path, status: 403 })
  }
}
