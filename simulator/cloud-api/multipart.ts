/** Forms with a file (RFC 7578), as small as they are here: in memory, one file. Pure. */

export interface Form {
  fields: Record<string, string>
  file?: { bytes: Buffer; mimeType: string; fileName: string }
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** What it can't read it leaves out. */
export function filesIn(contentType: string, body: Buffer): Form {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1]
  const form: Form = { fields: {} }
  if (!boundary) return form
  const line = Buffer.from(`--${boundary}`)
  for (let start = body.indexOf(line); start >= 0; ) {
    const end = body.indexOf(line, start + line.length)
    if (end < 0) return form
    const part = body.subarray(start + line.length + 2, end - 2) // without the line ends around it
    start = end
    const headEnd = part.indexOf(HEAD_END)
    const head = part.subarray(0, headEnd).toString()
    const value = part.subarray(headEnd + HEAD_END.length)
    const name = /name="([^"]*)"/.exec(head)?.[1]
    const fileName = /filename="([^"]*)"/.exec(head)?.[1]
    const mimeType = /content-type: *(.+)/i.exec(head)?.[1]?.trim()
    if (fileName !== undefined && mimeType) form.file = { bytes: Buffer.from(value), mimeType, fileName }
    else if (name) form.fields[name] = value.toString()
  }
  return form
}
