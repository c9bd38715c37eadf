"""Zero-touch Gemini batch inference."""
