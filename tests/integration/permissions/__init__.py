"""What is really asked of AWS, by whom, and whether the policy that ships allows it."""
