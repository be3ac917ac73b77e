/** The name of the span of a call, which Effect chooses: of Effect 4 it is that of OpenTelemetry. */
export const call = (method: string): string => method
