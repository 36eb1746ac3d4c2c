/** Times as the Kubernetes API writes them. */

/** metav1.Time: RFC 3339 in whole seconds. */
export const kubeTime = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z')

/** metav1.MicroTime: the API refuses a Lease whose times have fewer than six digits after the point. */
export const kubeMicroTime = (date: Date): string => date.toISOString().replace(/Z$/, '000Z')
