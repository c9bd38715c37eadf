"""What can answer the requests of a job: the stand-in, Gemini itself, or any server that speaks OpenAI's API."""
