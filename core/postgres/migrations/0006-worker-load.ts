/** What a worker says of how busy it is. */
export const workerLoad = /* sql */ `
SELECT 1;
`
