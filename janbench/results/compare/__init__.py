"""Two runs compared: samples, resampling, the decision."""
