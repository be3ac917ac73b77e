/** The name of the span of a call, which Effect determines. */
export const call = (method: string): string => `http.client ${method}`
