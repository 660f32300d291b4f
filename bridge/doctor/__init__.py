"""What `qantara doctor` looks at besides the accounts: facts are looked up in one function, judged in another."""
