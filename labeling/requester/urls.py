from django.urls import path

from labeling.requester import views

app_name = "requester"
urlpatterns = [
    path("", views.show_projects, name="projects"),
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", views.Logout.as_view(), name="logout"),
    path("pools/<int:pool_id>/", views.show_pool, name="pool"),
    path("pools/<int:pool_id>/answers.<str:extension>", views.download_answers, name="answers"),
    path("assignments/<uuid:assignment_id>/", views.show_assignment, name="assignment"),
]
