variable "admin_password" {
  description = "Password of Harbor's admin."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "robot_secret" {
  description = "Secret of the robot account: 8 to 128 characters, with a capital, a small letter and a digit."
  type        = string
  sensitive   = true
  ephemeral   = true
}
