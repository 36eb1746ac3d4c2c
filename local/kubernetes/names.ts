/** How things may be named, and what Kubernetes says when they aren't. */
import type { Cause } from './api-error.ts'
import { isRecord, type KubeObject } from './object.ts'

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LABEL_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const DATA_KEY = /^[-._a-zA-Z0-9]+$/

const DNS_LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const DNS_SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL_NAME_MESSAGE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const DATA_KEY_MESSAGE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

export type NameSyntax = 'label' | 'subdomain'

/** What is wrong with an object's metadata: name, labels, annotations, finalizers, owners. */
export function metadataCauses(object: KubeObject, syntax: NameSyntax): Cause[] {
  const { name, labels, annotations, finalizers, ownerReferences } = object.metadata
  return [
    ...nameCauses(name, syntax),
    ...labelCauses(labels),
    ...Object.keys(annotations ?? {}).flatMap((key) => keyCauses('metadata.annotations', key.toLowerCase())),
    ...(finalizers ?? []).flatMap((finalizer, index) => keyCauses(`metadata.finalizers[${index}]`, finalizer)),
    ...(ownerReferences ?? []).flatMap((owner, index) =>
      (['apiVersion', 'kind', 'name', 'uid'] as const)
        .filter((field) => !owner[field])
        .map((field) =>
          invalidValue(
            `metadata.ownerReferences[${index}].${field}`,
            '',
            `${field} must not be empty`.replace('apiVersion', 'version'),
          ),
        ),
    ),
  ]
}

function nameCauses(name: string, syntax: NameSyntax): Cause[] {
  if (!name) {
    return [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: name or generateName is required',
        field: 'metadata.name',
      },
    ]
  }
  if (syntax === 'label' && name.includes('.')) return [invalidValue('metadata.name', name, 'must not contain dots')]
  const limit = syntax === 'label' ? 63 : 253
  const causes: Cause[] = []
  if (name.length > limit) causes.push(invalidValue('metadata.name', name, `must be no more than ${limit} bytes`))
  const pattern = syntax === 'label' ? DNS_LABEL : DNS_SUBDOMAIN
  const message = syntax === 'label' ? DNS_LABEL_MESSAGE : DNS_SUBDOMAIN_MESSAGE
  if (!pattern.test(name)) causes.push(invalidValue('metadata.name', name, message))
  return causes
}

function labelCauses(labels: Record<string, string> | undefined): Cause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => {
    const causes = keyCauses('metadata.labels', key)
    if (value.length > 63) causes.push(invalidValue('metadata.labels', value, 'must be no more than 63 bytes'))
    if (value && !LABEL_NAME.test(value)) causes.push(invalidValue('metadata.labels', value, LABEL_VALUE_MESSAGE))
    return causes
  })
}

/** A key of labels or annotations, or a finalizer: an optional domain, a slash, a name. */
function keyCauses(field: string, key: string): Cause[] {
  const [name, prefix] = key.split('/').reverse()
  const causes: Cause[] = []
  if (prefix !== undefined && !DNS_SUBDOMAIN.test(prefix)) {
    causes.push(invalidValue(field, key, `prefix part ${DNS_SUBDOMAIN_MESSAGE}`))
  }
  if (!LABEL_NAME.test(name ?? '')) causes.push(invalidValue(field, key, LABEL_NAME_MESSAGE))
  if ((name?.length ?? 0) > 63) causes.push(invalidValue(field, key, 'name part must be no more than 63 bytes'))
  return causes
}

/** What is wrong with the keys of a ConfigMap's or Secret's data. */
export function dataKeyCauses(object: KubeObject, fields: readonly string[]): Cause[] {
  return fields.flatMap((field) => {
    const data = object[field]
    if (!isRecord(data)) return []
    return Object.keys(data)
      .filter((key) => !DATA_KEY.test(key))
      .map((key) => invalidValue(`${field}[${key}]`, key, DATA_KEY_MESSAGE))
  })
}

export function invalidValue(field: string, value: unknown, message: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${message}`, field }
}

export function requiredValue(field: string, message = ''): Cause {
  return { reason: 'FieldValueRequired', message: message ? `Required value: ${message}` : 'Required value', field }
}
