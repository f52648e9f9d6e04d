"""The real world around the core: asyncio driver, links, database, keys, settings. No rules."""
