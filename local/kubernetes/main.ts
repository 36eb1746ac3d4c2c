/** Runs the embedded Kubernetes API as a process: `node local/kubernetes/main.ts --data DIR [--port N] [--host H] [--pod-logs DIR]`. */
import { parseArgs } from 'node:util'
import { startKubernetes } from './server.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    'pod-logs': { type: 'string' },
  },
})
if (!values.data) throw new Error('usage: main.ts --data DIR [--port N] [--host H] [--pod-logs DIR]')

const kubernetes = await startKubernetes({
  dataDir: values.data,
  ...(values.port ? { port: Number(values.port) } : {}),
  ...(values.host ? { host: values.host } : {}),
  ...(values['pod-logs'] ? { podLogs: values['pod-logs'] } : {}),
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void kubernetes.close().then(() => process.exit(0))
  })
}

console.log(JSON.stringify({ ready: true, url: kubernetes.url, kubeconfig: kubernetes.kubeconfigPath }))
