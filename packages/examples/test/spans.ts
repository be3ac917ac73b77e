/** The name of the span of a call, which Effect chooses. */
export const call = (method: string): string => `http.client ${method}`
