import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadKubeConfig } from './config.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'berth-kubeconfig-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function write(name: string, content: string): Promise<string> {
  const file = path.join(folder, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
  return file
}

/** No credentials but those that a test lays out. */
const nowhere = () => ({ env: {}, home: folder, serviceAccountFolder: path.join(folder, 'serviceaccount') })

const base64 = (text: string) => Buffer.from(text).toString('base64')

const KUBECONFIG = `
current-context: dev
clusters:
  - { name: one, cluster: { server: "https://one:6443", certificate-authority-data: ${base64('CA ONE')} } }
  - { name: two, cluster: { server: "https://two", certificate-authority: certs/ca.pem, tls-server-name: api } }
users:
  - { name: token, user: { token: secret } }
  - { name: file, user: { tokenFile: the-token } }
  - { name: certificate, user: { client-certificate: certs/me.pem, client-key-data: ${base64('MY KEY')} } }
  - { name: robot, user: { as: somebody } }
contexts:
  - { name: dev, context: { cluster: one, user: token, namespace: sessions } }
  - { name: certificate, context: { cluster: two, user: certificate } }
  - { name: file, context: { cluster: one, user: file } }
  - { name: robot, context: { cluster: one, user: robot } }
  - { name: broken, context: { cluster: three, user: token } }
`

test('reads the current context: inline authority, token, namespace', async () => {
  const kubeconfig = await write('config', KUBECONFIG)
  expect(await loadKubeConfig({ kubeconfig })).toMatchObject({
    server: 'https://one:6443',
    ca: 'CA ONE',
    token: 'secret',
    namespace: 'sessions',
    source: `${kubeconfig} (context "dev")`,
  })
})

test('reads a named context; files are found beside the kubeconfig', async () => {
  const kubeconfig = await write('config', KUBECONFIG)
  await write('certs/ca.pem', 'CA TWO')
  await write('certs/me.pem', 'MY CERTIFICATE')
  expect(await loadKubeConfig({ kubeconfig, context: 'certificate' })).toMatchObject({
    ca: 'CA TWO',
    tlsServerName: 'api',
    clientCertificate: 'MY CERTIFICATE',
    clientKey: 'MY KEY',
    namespace: 'default',
  })
  const { tokenFile } = await loadKubeConfig({ kubeconfig, context: 'file' })
  expect(tokenFile).toBe(path.join(folder, 'the-token'))
})

test('merges the files of $KUBECONFIG: the first word counts, missing files are passed over', async () => {
  const first = await write('first', 'current-context: dev\nusers: [{ name: token, user: { token: other } }]\n')
  const second = await write('second', KUBECONFIG)
  const KUBECONFIG_LIST = [first, path.join(folder, 'missing'), second].join(path.delimiter)
  const config = await loadKubeConfig({ ...nowhere(), env: { KUBECONFIG: KUBECONFIG_LIST } })
  expect(config).toMatchObject({ server: 'https://one:6443', token: 'other' })
})

test('a pod uses its service account, unless a context is named', async () => {
  await write('serviceaccount/token', 'projected')
  await write('serviceaccount/ca.crt', 'CA')
  await write('serviceaccount/namespace', 'berth\n')
  await write('.kube/config', KUBECONFIG)
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
  expect(await loadKubeConfig({ ...nowhere(), env })).toMatchObject({
    server: 'https://[fd00::1]:443',
    ca: 'CA',
    namespace: 'berth',
    tokenFile: path.join(folder, 'serviceaccount', 'token'),
  })
  expect((await loadKubeConfig({ ...nowhere(), env, context: 'dev' })).server).toBe('https://one:6443')
})

test('falls back to the home folder, and else says what was tried', async () => {
  await expect(loadKubeConfig(nowhere())).rejects.toThrow(
    /KUBECONFIG is not set; not in a pod .*; cannot read kubeconfig .*\.kube\/config/,
  )
  await write('.kube/config', KUBECONFIG)
  expect((await loadKubeConfig(nowhere())).server).toBe('https://one:6443')
})

test.each([
  ['broken', 'has no cluster "three" (it has: one, two)'],
  ['absent', 'has no context "absent"'],
  ['robot', 'as (impersonation), which Berth does not support'],
])('context %s: a clear error', async (context, message) => {
  const kubeconfig = await write('config', KUBECONFIG)
  await expect(loadKubeConfig({ kubeconfig, context })).rejects.toThrow(message)
})

test('an exec plugin is asked through the official client', async () => {
  const plugin = await write(
    'plugin.cjs',
    `console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential',
      status: { token: 'from-plugin' } }))`,
  )
  const kubeconfig = await write(
    'config',
    `current-context: c
clusters: [{ name: one, cluster: { server: "https://one:6443" } }]
contexts: [{ name: c, context: { cluster: one, user: u } }]
users:
  - name: u
    user:
      exec: { apiVersion: client.authentication.k8s.io/v1, command: ${JSON.stringify(process.execPath)}, args: [${JSON.stringify(plugin)}], interactiveMode: Never }
`,
  )
  const config = await loadKubeConfig({ kubeconfig })
  expect(await config.authorize?.()).toBe('Bearer from-plugin')
})
