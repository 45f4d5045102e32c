"""How a generation is written as events: one module for each API's stream."""
