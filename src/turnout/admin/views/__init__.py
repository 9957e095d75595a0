"""The pages that are drawn from sections."""
