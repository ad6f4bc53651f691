"""What tests share: builders, fakes and programs to talk to."""
