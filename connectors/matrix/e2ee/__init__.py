"""End-to-end encryption: imported only where an account has it switched on, because it needs an extra."""
