/** Does something on this machine answer a GET with a good status? Certificates are not looked at: it is our own. */
import http from 'node:http'
import https from 'node:https'

const TIMEOUT_MS = 2000

export function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { agent: false, signal: AbortSignal.timeout(TIMEOUT_MS), rejectUnauthorized: false }
    const request = (url.startsWith('https:') ? https : http).get(url, options, (response) => {
      response.resume()
      resolve(response.statusCode !== undefined && response.statusCode < 300)
    })
    request.on('error', () => resolve(false))
  })
}
