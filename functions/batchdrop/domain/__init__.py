"""Values and rules of Batchdrop. Pure: no clock, no environment, no network, no logging."""
