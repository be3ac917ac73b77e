/** Changes to an HTTP client beneath the library that exist for one major only. */
import type { HttpClient } from "@effect/platform"

export const changes: Readonly<Record<string, (client: HttpClient.HttpClient) => HttpClient.HttpClient>> = {}
