import { EventSource } from "eventsource"

export const deliveries = (fetch: typeof globalThis.fetch, url = "https://api.example.com/v1/deliveries") =>
  new EventSource(url, { fetch })

// deliveries(api.fetch).addEventListener("message", ({ data }) => console.log(data))
